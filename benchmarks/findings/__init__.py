"""How far the findings can be trusted: textures with a fault by construction, and the same without it."""
