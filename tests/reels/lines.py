"""Lines of a catalogue."""

ID = "0f9c0fae-0000-4000-8000-000000000001"
SMALLEST = {"id": ID, "creator_id": "cook", "title": "Soup", "created_at": "2026-01-02T03:04:05Z"}
WHOLE = SMALLEST | {
    "description": "How to",
    "hashtags": ["soup", "winter"],
    "category": "cooking",
    "sound": {"id": "s-1", "name": "Rain"},
    "duration_seconds": 12.5,
}
