"""The examples of both APIs' own pages, and where to send them."""

import copy

Body = dict[str, object]

STUDIO: Body = {
    "webhook": "https://your-app.example.com/webhooks/lipsync",
    "formState": {
        "image": "https://example.com/face.png",
        "audio": "https://example.com/voice.mp3",
        "resolution": "720p",
        "seed": 42,
    },
}

STUDIO_VIDEO: Body = {
    "formState": {"video": "https://example.com/clip.mp4", "audio": "https://example.com/voice.mp3"},
}

DEV: Body = {
    "srcVideoUrl": "https://example.com/video.mp4",
    "audioUrl": "https://example.com/audio.mp3",
    "videoParams": {"video_width": 0, "video_height": 0, "video_enhance": 1, "fps": "25"},
    "vocalAudioUrl": "https://example.com/vocal.mp3",
}

STUDIO_MULTI: Body = {
    "formState": {
        "image": "https://example.com/two-faces.png",
        "left_audio": "https://example.com/left.mp3",
        "right_audio": "https://example.com/right.mp3",
    },
}

GENERATE: Body = {
    "image_url": "https://example.com/person.jpg",
    "script": "Hello world!",
    "voice_id": "voice_english_female_01",
}

IMAGE_PATH = "/api/v1/lipsync-image"
VIDEO_PATH = "/api/v1/lipsync-video"
MULTI_PATH = "/api/v1/lipsync-image-multi"
GENERATE_PATH = "/api/v1/generate"
SUBMIT_PATH = "/api/v1/lipsync/submit"
ASYNC_PATH = "/api/async/lipsync"
RESULT_PATH = "/api/getAsyncResult"

SUBMITS: tuple[tuple[str, Body], ...] = (
    (IMAGE_PATH, STUDIO),
    (VIDEO_PATH, STUDIO_VIDEO),
    (MULTI_PATH, STUDIO_MULTI),
    (SUBMIT_PATH, DEV),
    (GENERATE_PATH, GENERATE),
    (ASYNC_PATH, DEV),
)

#: Where each dialect puts its error's text.
TEXTS = {
    IMAGE_PATH: "error",
    VIDEO_PATH: "error",
    MULTI_PATH: "error",
    SUBMIT_PATH: "errorMessage",
    GENERATE_PATH: "errorMessage",
    ASYNC_PATH: "message",
}


def changed(body: Body, path: str, value: object) -> Body:
    """A copy of a body with one field, named like "formState.audio", set to a value."""
    copied = copy.deepcopy(body)
    *parents, last = path.split(".")
    holder = copied
    for name in parents:
        inner = holder[name]
        assert isinstance(inner, dict)
        holder = inner
    holder[last] = value
    return copied


def without(body: Body, path: str) -> Body:
    """A copy of a body that lacks one field."""
    copied = changed(body, path, None)
    *parents, last = path.split(".")
    holder = copied
    for name in parents:
        inner = holder[name]
        assert isinstance(inner, dict)
        holder = inner
    del holder[last]
    return copied
