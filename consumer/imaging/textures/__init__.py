"""The texture files of engines: KTX, KTX2, Basis, Source's VTF, Godot's ctex and stex."""
