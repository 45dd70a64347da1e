"""The voices that come with the service: what scripts may be spoken by without installing anything."""

from dataclasses import dataclass

#: Engines of the voices that come with the service, and of those that an operator adds.
HIBARI_ENGINE, KOKORO_ENGINE, PIPER_ENGINE = "hibari", "kokoro", "piper"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceInfo:
    """A voice as clients see it. `language` is a BCP 47 tag; `gender` is "female", "male" or "neutral"."""

    voice_id: str
    name: str
    language: str
    gender: str
    engine: str


def _voice(voice_id: str, name: str, language: str, engine: str = KOKORO_ENGINE) -> VoiceInfo:
    gender = "female" if "_female_" in voice_id else "male"
    return VoiceInfo(voice_id=voice_id, name=name, language=language, gender=gender, engine=engine)


#: In the order in which they are listed.
BUILT_IN: tuple[VoiceInfo, ...] = (
    _voice("voice_english_female_01", "Heart", "en-US", HIBARI_ENGINE),
    _voice("voice_english_female_02", "Bella", "en-US"),
    _voice("voice_english_female_03", "Sarah", "en-US"),
    _voice("voice_english_male_01", "Michael", "en-US"),
    _voice("voice_english_male_02", "Fenrir", "en-US"),
    _voice("voice_english_male_03", "Puck", "en-US"),
    _voice("voice_british_female_01", "Emma", "en-GB"),
    _voice("voice_british_female_02", "Isabella", "en-GB"),
    _voice("voice_british_male_01", "George", "en-GB"),
    _voice("voice_british_male_02", "Fable", "en-GB"),
    _voice("voice_french_female_01", "Siwis", "fr-FR"),
    _voice("voice_spanish_female_01", "Dora", "es-ES"),
    _voice("voice_spanish_male_01", "Alex", "es-ES"),
    _voice("voice_italian_female_01", "Sara", "it-IT"),
    _voice("voice_italian_male_01", "Nicola", "it-IT"),
    _voice("voice_chinese_female_01", "Xiaoxiao", "zh-CN"),
    _voice("voice_chinese_female_02", "Xiaoyi", "zh-CN"),
    _voice("voice_chinese_male_01", "Yunxi", "zh-CN"),
    _voice("voice_chinese_male_02", "Yunyang", "zh-CN"),
)
