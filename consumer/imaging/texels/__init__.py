"""How textures keep their pixels in memory, compressed or not: what DDS files and game engines have in common."""
