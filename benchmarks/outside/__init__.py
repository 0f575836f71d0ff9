"""Games that neither training nor calibration has seen, and that no label was made of by a rule."""
