"""What the network is asked for: relief in face units, two masks, 68 heatmaps."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional

GRADIENT_SCALES = 4
OUTSIDE = 0.6  # weight of detail on the head beyond the inner face, within which it is 1 more
RELIEF_LIMIT = 5.0  # units; what lies further behind the eyes (far shoulders) teaches no more than that it is far


@dataclass(frozen=True)
class Targets:
    """A batch of answers.

    relief : (N, 1, S, S) float32, units of 0.4 IPD, 0 at the eyes.
    masks : (N, 2, S, S) float32 in 0..1, head and whole subject.
    face : (N, 1, S/2, S/2) float32, 1 within the hull of the landmarks.
    landmarks : (N, 68, 2) float32, shares of the side; -1 throughout where there is no face.
    sharp : (N, 1, 1, 1) float32, 1 where the relief was not enlarged, so that its finest detail is true.
    """

    relief: Tensor
    masks: Tensor
    face: Tensor
    landmarks: Tensor
    sharp: Tensor

    def to(self, device: torch.device) -> "Targets":
        """Move every array."""
        return Targets(*(getattr(self, field.name).to(device) for field in fields(self)))


WEIGHTS = {
    "relief": 0.8,  # in its own units: what makes millimetres known without a fit
    "aligned": 0.6,  # after scale and shift over the head, as MiDaS (Ranftl et al., TPAMI 2022)
    "face": 0.8,  # after scale and shift over the inner face alone
    "amplitude": 0.4,  # of the inner face, which errors alone draw to the mean
    "gradient": 1.0,  # differences of the error at four scales (same source): edges, lips, nostrils
    "detail": 1.0,  # and at the finest
    "masks": 1.5,
    "heatmaps": 0.04,
    "landmarks": 2.0,
}


def losses(relief: Tensor, masks: Tensor, heatmaps: Tensor, targets: Targets) -> dict[str, Tensor]:
    """Return every term of the loss, unweighted; the first three arguments are the network's outputs."""
    relief, masks, heatmaps = relief.float(), masks.float(), heatmaps.float()
    there = (targets.masks[:, 1:] > 0.5).float()
    truth = targets.relief.clamp(-RELIEF_LIMIT, RELIEF_LIMIT)
    fine = (relief - truth) * there
    whole = (targets.masks[:, :1] > 0.5).float() * there * targets.sharp
    whole = whole * (OUTSIDE + functional.interpolate(targets.face, scale_factor=2.0))
    # All but the finest detail is asked for at half the side, which costs a quarter.
    share, coverage = functional.avg_pool2d(there, 2), functional.avg_pool2d(targets.masks, 2)
    relief, truth = (functional.avg_pool2d(each * there, 2) / share.clamp(min=0.25) for each in (relief, truth))
    subject = (share >= 0.5).float()
    head = (coverage[:, :1] > 0.5).float() * subject
    face = head * targets.face
    # Clothes count a little (a chin is easier to tell from a collar), the inner face most.
    weight = head + 0.15 * (subject - head).clamp(min=0) + face
    error = relief - truth
    aligned = _align(relief, truth, head) - truth
    on_face = _align(relief, truth, face) - truth
    heat, place = _landmark_losses(heatmaps, targets.landmarks)
    return {
        "relief": _mean(error.abs(), weight),
        "aligned": _mean(aligned.abs(), head),
        "face": _mean(on_face.abs(), face),
        "amplitude": _amplitude(relief, truth, face),
        "gradient": _gradient(error, head, GRADIENT_SCALES),
        "detail": _gradient(fine, whole, 1),
        "masks": functional.binary_cross_entropy_with_logits(masks, coverage),
        "heatmaps": heat,
        "landmarks": place,
    }


def total(terms: dict[str, Tensor]) -> Tensor:
    """Return the weighted sum of `losses`."""
    return torch.stack([WEIGHTS[name] * value for name, value in terms.items()]).sum()


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / (weight.sum() + 1)


def _align(relief: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Scale and shift `relief` by least squares over the mask; the scale stays positive."""
    count = mask.sum((2, 3), keepdim=True) + 1e-3
    mean = (relief * mask).sum((2, 3), keepdim=True) / count
    mean_truth = (truth * mask).sum((2, 3), keepdim=True) / count
    centred = (relief - mean) * mask
    covariance = (centred * (truth - mean_truth) * mask).sum((2, 3), keepdim=True)
    scale = covariance / ((centred * centred).sum((2, 3), keepdim=True) + 1e-2 * count)
    return scale.clamp(min=0.05) * (relief - mean) + mean_truth


def _amplitude(relief: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Return by how much the spread within the mask is off, as a logarithm; of pictures without one, nothing."""
    spreads = []
    count = mask.sum((2, 3)) + 1e-3
    for each in (relief, truth):
        mean = ((each * mask).sum((2, 3)) / count)[..., None, None]
        spreads.append(((((each - mean) * mask) ** 2).sum((2, 3)) / count + 1e-3).sqrt())
    seen = (count > 50).float()
    return ((spreads[0] / spreads[1]).log().abs() * seen).sum() / (seen.sum() + 1e-3)


def _gradient(error: Tensor, mask: Tensor, scales: int) -> Tensor:
    terms = []
    for _ in range(scales):
        across = (error[..., 1:] - error[..., :-1]).abs() * mask[..., 1:] * mask[..., :-1]
        down = (error[..., 1:, :] - error[..., :-1, :]).abs() * mask[..., 1:, :] * mask[..., :-1, :]
        terms.append((across.sum() + down.sum()) / (mask.sum() + 1))
        error, mask = error[..., ::2, ::2], mask[..., ::2, ::2]
    return torch.stack(terms).sum()


def _landmark_losses(heatmaps: Tensor, landmarks: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy with the four cells round each landmark (bilinear weights), and the error of the soft-argmax."""
    n, count, height, width = heatmaps.shape
    visible = ((landmarks > 0.01) & (landmarks < 0.99)).all(-1).float()
    scores = functional.log_softmax(heatmaps.flatten(2), -1)
    cell = (landmarks * width - 0.5).clamp(0, width - 1.001)
    corner, part = cell.floor(), cell - cell.floor()
    entropy = torch.zeros_like(visible)
    for right in (0, 1):
        for low in (0, 1):
            share = (part[..., 0] if right else 1 - part[..., 0]) * (part[..., 1] if low else 1 - part[..., 1])
            index = ((corner[..., 1].long() + low) * width + corner[..., 0].long() + right)[..., None]
            entropy = entropy - share * scores.gather(2, index)[..., 0]
    share = scores.exp().view(n, count, height, width)
    centres = (torch.arange(width, device=heatmaps.device) + 0.5) / width
    place = torch.stack([(share.sum(2) * centres).sum(-1), (share.sum(3) * centres).sum(-1)], -1)
    distance = (place - landmarks).abs().sum(-1)
    # Without a face no cell may stand out: the heatmap is drawn towards flat, so that its peak carries no confidence.
    absent = (landmarks == -1).all(-1).float()
    flat = -scores.mean(-1)
    found = visible.sum() + 1
    heat = (entropy * visible).sum() / found + 0.25 * (flat * absent).sum() / (absent.sum() + 1)
    return heat, (distance * visible).sum() / found
