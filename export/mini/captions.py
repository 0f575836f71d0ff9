"""Words for training images: captions from labels and paths; labels of each category for the tag prompts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import numpy as np

from consumer.tagging.bundle.taxonomy import Taxonomy
from export.mini.manifest import Row

# Folders and suffixes that say nothing of the picture.
_JUNK: Final = frozenset(
    [
        "usr",
        "share",
        "games",
        "data",
        "dat",
        "gfx",
        "graphics",
        "images",
        "image",
        "img",
        "textures",
        "texture",
        "cached",
        "png",
        "dds",
        "jpg",
        "jpeg",
        "bmp",
        "tga",
        "core",
        "public",
        "mods",
        "mod",
        "default",
        "packages",
        "skins",
        "skin",
        "pics",
        "models",
        "model",
        "globalmods",
        "none",
        "texpages",
        "units",
        "terrain",
        "art",
        "diffuse",
        "color",
        "norm",
        "spec",
        "mask",
        "normal",
        "normals",
        "tex",
    ]
)
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_ROLE_WORDS: Final = {"normal_map": "normal map", "mask": "mask", "atlas": "sprite sheet"}
# Words in paths that name a material.
MATERIAL_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "metal": ("metal", "steel", "iron", "rust", "rusty", "bronze", "copper", "chain", "plate", "chrome"),
    "wood": ("wood", "wooden", "plank", "planks", "timber", "log", "bark"),
    "stone": ("stone", "rock", "rocks", "rocky", "cobble", "cobbles", "marble", "cliff", "granite", "boulder", "cave"),
    "brick": ("brick", "bricks"),
    "concrete": ("concrete", "asphalt", "road", "cement", "tarmac"),
    "fabric": ("cloth", "fabric", "tunic", "robe", "cape", "carpet", "blanket", "banner", "toga", "dress"),
    "leather": ("leather",),
    "glass": ("glass", "window", "windows"),
    "skin": ("face", "body", "head"),
    "fur": ("fur", "hair", "beard", "mane", "wool"),
    "foliage": ("foliage", "leaf", "leaves", "grass", "bush", "ivy", "fern", "hedge"),
    "water": ("water", "ocean", "sea", "river", "lake"),
    "fire": ("fire", "flame", "flames", "lava", "burning"),
    "ice": ("ice", "snow", "frozen", "icy", "snowy"),
    "sand": ("sand", "desert", "beach", "dune", "dunes", "sandy"),
    "dirt": ("dirt", "mud", "earth", "dirty", "soil"),
}


def path_words(row: Row) -> list[str]:
    """Return the telling lower-case words of the last three parts of the path, in order, each once."""
    parts = row.words_path.rsplit(".", 1)[0].split("/")[-3:]
    words = [word.lower() for part in parts for word in _WORD.findall(part)]
    return list(dict.fromkeys(word for word in words if len(word) > 2 and word not in _JUNK))


def labels(row: Row) -> dict[str, tuple[str, ...]]:
    """Return what is known of the row per category of the taxonomy; a category not listed is unknown."""
    words = set(path_words(row))
    tags_by_category = {
        "object_types": row.object_types,
        "art_styles": row.art_styles,
        "texture_roles": (row.role,) if row.role else (),
        "materials": tuple(name for name, keys in MATERIAL_WORDS.items() if words.intersection(keys)),
    }
    return {category: tags for category, tags in tags_by_category.items() if tags}


def caption(row: Row, taxonomy: Taxonomy, rng: np.random.Generator) -> str:
    """Return a random sentence about the row: a template around style, path words, object phrase and role."""
    objects = taxonomy.categories["object_types"]
    words = path_words(row)
    parts = []
    if row.art_styles and rng.random() < 0.5:
        style = _pick(row.art_styles, rng)
        parts.append(_pick(taxonomy.categories["art_styles"].tags[style].prompts, rng))
    if words and rng.random() < 0.75:
        count = int(rng.integers(1, min(len(words), 4) + 1))
        start = int(rng.integers(0, len(words) - count + 1)) if rng.random() < 0.5 else len(words) - count
        parts.append(" ".join(words[start : start + count]))
    if row.object_types and (not parts or rng.random() < 0.7):
        spec = objects.tags[_pick(row.object_types, rng)]
        phrase = _pick(spec.prompts if rng.random() < 0.7 else spec.synonyms, rng)
        parts.append(re.sub(r"^(a|an|the) ", "", phrase))
    if row.role in _ROLE_WORDS and rng.random() < 0.6:
        parts.append(_ROLE_WORDS[row.role])
    text = " ".join(parts) or " ".join(words) or "something unclear"
    template = _pick(objects.templates, rng) if rng.random() < 0.7 else "{}"
    return template.replace("{}", text)


def random_prompts(taxonomy: Taxonomy, tags: dict[str, list[str]], rng: np.random.Generator) -> dict[str, list[str]]:
    """Return per category one random filled template of each tag and of two background prompts."""
    drawn = {}
    for category, names in tags.items():
        spec = taxonomy.categories[category]
        pools = [spec.texts_of(tag) for tag in names]
        backgrounds = spec.background_texts()
        pools += [backgrounds[int(index)] for index in rng.permutation(len(backgrounds))[:2]]
        drawn[category] = [pool[int(rng.integers(0, len(pool)))] for pool in pools]
    return drawn


def _pick(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(0, len(options)))]
