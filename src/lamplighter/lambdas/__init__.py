"""Handlers of the deployed stack: each parses an event, calls the service below, and answers."""
