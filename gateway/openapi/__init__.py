"""The OpenAPI document, made from routes and schemas, and the page that shows it."""
