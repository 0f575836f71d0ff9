"""Archives of game engines: Quake and Doom, Source, Ren'Py, Godot. May import the rest of extraction but Unity."""
