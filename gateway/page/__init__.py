"""The web app at ``/``: static files, and what serves them."""
