"""Colours of a head without those of what is behind it."""

import cv2
import numpy as np
from numpy.typing import NDArray

RIM_SHARE = 4 / 512  # of the map's side (2 mm on a face): so far in, a photo's pixels mix the head with what is behind


def without_background(picture: NDArray[np.uint8], mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The picture with the mask's rim, and all beyond, in the colour of the nearest pixel inside the rim.

    So no background bleeds into what is cut out along the mask, nor into a texture that is shown smaller than it is.

    picture : (T, T, 3). mask : (S, S), of the same square, S <= T. Parts that are nowhere deeper than the rim take
    their colour from elsewhere; a mask that is so everywhere leaves the picture as it is.
    """
    inwards = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    rim = max(mask.shape) * RIM_SHARE
    outer = (inwards <= rim).astype(np.uint8)
    if outer.all() or not outer.any():
        return picture
    small = cv2.resize(picture, mask.shape[::-1], interpolation=cv2.INTER_AREA)
    kind = cv2.DIST_LABEL_PIXEL  # each pixel inside has a label of its own; those outside have that of the nearest
    _, label = cv2.distanceTransformWithLabels(outer, cv2.DIST_L2, 5, labelType=kind)
    colours = np.zeros((int(label.max()) + 1, 3), np.uint8)
    colours[label[outer == 0]] = small[outer == 0]
    size = picture.shape[1::-1]
    filled = cv2.resize(colours[label], size, interpolation=cv2.INTER_LINEAR)
    cv2.copyTo(picture, (cv2.resize(inwards, size, interpolation=cv2.INTER_LINEAR) > rim).astype(np.uint8), filled)
    return np.asarray(filled, np.uint8)
