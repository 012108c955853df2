"""``python -m nova.engines.clickhouse_server``."""

from nova.engines.clickhouse_server.cli import main

if __name__ == "__main__":
    main()
