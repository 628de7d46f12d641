"""The import of wger's exercises: reading their pages, our columns from them, one step into use."""
