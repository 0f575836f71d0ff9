"""Image files that we read ourselves, because common libraries get some of them wrong: DDS, TGA, PSD."""
