"""What people's verdicts teach a bundle: a correction of its confidences, judged before it counts.

May import consumer.tagging and export.
"""
