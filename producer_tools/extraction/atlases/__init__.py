"""Sprite sheets that a file beside them cuts up: TexturePacker, Cocos, libGDX, Spine. Knows nothing of archives."""
