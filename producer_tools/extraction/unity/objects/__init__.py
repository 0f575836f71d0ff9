"""What is drawn of Unity's objects: textures of every dimension, sprites, and the alpha that lies elsewhere."""
