"""The columns of ``exercises`` that the seed and the import write, with their types."""

COLUMNS = {
    "name": "text",
    "slug": "text",
    "aliases": "jsonb",
    "description": "text",
    "instructions": "text",
    "category": "text",
    "body_part": "text",
    "primary_muscles": "jsonb",
    "secondary_muscles": "jsonb",
    "equipment": "text",
    "all_equipment": "jsonb",
    "difficulty": "text",
    "rep_type": "text",
    "unit": "text",
    "external_source": "text",
    "name_key": "text",
    "alias_keys": "text[]",
    "name_words": "tsvector",
    "title_words": "tsvector",
    "search_words": "tsvector",
}
