"""The small module behind the notebooks; each room is imported on its own, so that none costs another."""
