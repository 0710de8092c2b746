"""OpenPose keypoints by name: the person's right side, then the left (right is on the left)."""

NOSE, NECK = 0, 1
SHOULDERS, ELBOWS, WRISTS = (2, 5), (3, 6), (4, 7)
HIPS, KNEES, ANKLES = (8, 11), (9, 12), (10, 13)
NEEDED = (NECK, *SHOULDERS, *HIPS)
"""Without these no garment can be placed."""
