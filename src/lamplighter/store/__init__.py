"""Small state by key: one interface (`table`), several engines, and leases on top of it.

Open one with `lamplighter.store.open.open_store`; what every engine promises stands in `lamplighter.store.table`.
"""
