"""Finding the exercises that the names in other apps' files mean."""
