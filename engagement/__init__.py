"""What people did: likes, watches, shares, follows and blocks, and how they reach ClickHouse."""
