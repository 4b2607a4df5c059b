"""What a parameter is called in the published checkpoint: one list of substitutions per backbone, applied in order."""

import re
from collections.abc import Callable, Sequence

Rule = tuple[str, str | Callable[[re.Match[str]], str]]


def _counted(pattern: str, by: int = 1) -> Callable[[re.Match[str]], str]:
    """Fill `{}` in the pattern with the first matched number plus `by`."""
    return lambda match: pattern.format(int(match[1]) + by)


DECODER: Sequence[Rule] = (
    (r"^neck\.(\d)\.readout\.", _counted("pretrained.act_postprocess{}.0.project.0.")),
    (r"^neck\.(\d)\.project\.", _counted("pretrained.act_postprocess{}.3.")),
    (r"^neck\.(\d)\.resize\.", _counted("pretrained.act_postprocess{}.4.")),
    (r"^decoder\.project\.(\d)\.", _counted("scratch.layer{}_rn.")),
    (r"^decoder\.fuse\.(\d)\.", _counted("scratch.refinenet{}.")),
    (r"(refinenet\d)\.lateral\.", r"\1.resConfUnit1."),
    (r"(refinenet\d)\.refine\.", r"\1.resConfUnit2."),
    (r"(refinenet\d)\.out\.", r"\1.out_conv."),
    (r"^decoder\.enlarge\.(\d)\.", lambda match: f"scratch.stem_transpose.{2 * int(match[1])}."),
    (r"(stem_transpose\.\d)\.conv\.", r"\1.c."),
    (r"(stem_transpose\.\d)\.norm\.", r"\1.bn."),
    (r"^decoder\.head\.conv(\d)\.", lambda match: f"scratch.output_conv.{2 * int(match[1]) - 2}."),
)

PLAIN: Sequence[Rule] = ((r"^encoder\.model\.", "pretrained.model."),)

BEIT: Sequence[Rule] = (
    (r"^encoder\.tables\.(\d+)$", r"pretrained.model.blocks.\1.attn.relative_position_bias_table"),
    *PLAIN,
)

# A stage begins with its downsampling in timm and ended with it in the published network.
SWIN: Sequence[Rule] = (
    *PLAIN,
    (r"model\.layers\.(\d)\.downsample\.", _counted("model.layers.{}.downsample.", by=-1)),
    (r"model\.head\.fc\.", "model.head."),
)


def _next_vit_feature(match: re.Match[str]) -> str:
    first = (0, 3, 7, 37)[int(match[1])]
    return f"model.features.{first + int(match[2])}."


NEXT_VIT: Sequence[Rule] = (
    *PLAIN,
    (r"model\.stages\.(\d)\.blocks\.(\d+)\.", _next_vit_feature),
    (r"\.mlp\.fc(\d)\.", r".mlp.conv\1."),
    (r"model\.head\.fc\.", "model.proj_head.0."),
)


def _levit_block(stage: int, place: int) -> str:
    """Name the entry at `place` of a stage: in the published list attention and MLP alternate, through all stages."""
    return f"model.blocks.{10 * stage + place}."


LEVIT: Sequence[Rule] = (
    *PLAIN,
    (r"model\.stem\.conv(\d)\.", lambda match: f"model.patch_embed.{2 * int(match[1]) - 2}."),
    (r"model\.stages\.(\d)\.downsample\.attn_downsample\.", lambda match: _levit_block(int(match[1]), -2)),
    (r"model\.stages\.(\d)\.downsample\.mlp\.", lambda match: _levit_block(int(match[1]), -1) + "m."),
    (
        r"model\.stages\.(\d)\.blocks\.(\d)\.attn\.",
        lambda match: _levit_block(int(match[1]), 2 * int(match[2])) + "m.",
    ),
    (
        r"model\.stages\.(\d)\.blocks\.(\d)\.mlp\.",
        lambda match: _levit_block(int(match[1]), 2 * int(match[2]) + 1) + "m.",
    ),
    (r"\.ln1\.", ".0."),
    (r"\.ln2\.", ".2."),
    (r"\.(q|proj)\.ln\.", r".\1.1."),
    (r"(head|head_dist)\.linear\.", r"\1.l."),
    (r"\.linear\.", ".c."),
)

RESNET: Sequence[Rule] = (
    (r"^encoder\.stem\.", "pretrained.layer1."),
    (r"^encoder\.stages\.0\.", "pretrained.layer1.4."),
    (r"^encoder\.stages\.(\d)\.", _counted("pretrained.layer{}.")),
)

_EFFICIENTNET_GROUPS = ("layer1.3", "layer1.4", "layer2.0", "layer3.0", "layer3.1", "layer4.0", "layer4.1")

EFFICIENTNET: Sequence[Rule] = (
    (r"^encoder\.stem\.", "pretrained.layer1."),
    (r"^encoder\.blocks\.(\d)\.", lambda match: f"pretrained.{_EFFICIENTNET_GROUPS[int(match[1])]}."),
)

RULES: dict[str, Sequence[Rule]] = {
    "ViT": PLAIN,
    "ViT hybrid": PLAIN,
    "BEiT": BEIT,
    "Swin": SWIN,
    "Swin V2": SWIN,
    "Next-ViT": NEXT_VIT,
    "LeViT": LEVIT,
    "ResNeXt": RESNET,
    "EfficientNet": EFFICIENTNET,
}


def published(own: str, family: str) -> str:
    """Return the published name of the parameter that is called `own` in `MidasModule`."""
    for pattern, replacement in (*RULES[family], *DECODER):
        own = re.sub(pattern, replacement, own)
    return own
