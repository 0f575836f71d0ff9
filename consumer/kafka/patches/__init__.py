"""What this room changes of aiokafka, a file each, and the guard that knows which versions they fit."""
