"""Limits of the engine, chosen for a laptop that runs everything else of Nova as well."""

from pathlib import Path

MIB = 1024 * 1024

# Settings of the server: memory it may take in all, its caches, its background threads.
# The engine's own cache limits add up to some 20 GB.
SERVER_SETTINGS: dict[str, int] = {
    "max_server_memory_usage": 3072 * MIB,
    "mark_cache_size": 64 * MIB,
    "primary_index_cache_size": 64 * MIB,
    "index_mark_cache_size": 32 * MIB,
    "uncompressed_cache_size": 0,
    "query_condition_cache_size": 16 * MIB,
    "text_index_tokens_cache_size": 32 * MIB,
    "text_index_header_cache_size": 32 * MIB,
    "text_index_postings_cache_size": 64 * MIB,
    "vector_similarity_index_cache_size": 64 * MIB,
    "compiled_expression_cache_size": 16 * MIB,
    "background_pool_size": 2,
    "background_schedule_pool_size": 2,
    "max_concurrent_queries": 100,
}

# Settings every client session starts with.
SESSION_SETTINGS: dict[str, str] = {
    "max_threads": "2",
    "max_insert_threads": "1",
    "max_memory_usage": str(2048 * MIB),
    # Acknowledged means written: an asynchronous insert would be acknowledged from memory.
    "async_insert": "0",
    # clickhouse-local takes any text for an expression; a server answers with a syntax error.
    "implicit_select": "0",
    # Headers of empty results come from DESCRIBE, which would break named tuples over several lines.
    "print_pretty_type_names": "0",
}


def write_server_config(path: Path) -> None:
    settings = "".join(f"  <{name}>{value}</{name}>\n" for name, value in SERVER_SETTINGS.items())
    path.write_text(f"<clickhouse>\n{settings}</clickhouse>\n")
