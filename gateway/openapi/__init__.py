"""The API's documentation: made from the routes and the schemas, and shown as a page."""
