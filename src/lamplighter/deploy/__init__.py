"""Deployment: templates, policies, packages."""
