"""What people said of findings in textures of real games, and whether the checks still tell the same."""
