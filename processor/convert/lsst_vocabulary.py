"""Words of Rubin's packets, as Fink distributes them (schema lsst.v10_0; what v9 and v11 name otherwise)."""

from processor.convert.vocabulary import Vocabulary, words

_POINT = frozenset({"midpointMjdTai", "band", "psfFlux", "psfFluxErr", "ra", "dec", "timeWithdrawnMjdTai"})
_DETECTION = _POINT | {"psfFlux_flag"}

FLAGS = words("""
    centroid_flag apFlux_flag apFlux_flag_apertureTruncated psfFlux_flag psfFlux_flag_edge psfFlux_flag_noGoodPixels
    trail_flag_edge forced_PsfFlux_flag forced_PsfFlux_flag_edge forced_PsfFlux_flag_noGoodPixels
    shape_flag shape_flag_no_pixels shape_flag_not_contained shape_flag_parent_source isDipole glint_trail
    pixelFlags pixelFlags_bad pixelFlags_cr pixelFlags_crCenter pixelFlags_edge pixelFlags_nodata
    pixelFlags_nodataCenter pixelFlags_interpolated pixelFlags_interpolatedCenter pixelFlags_offimage
    pixelFlags_saturated pixelFlags_saturatedCenter pixelFlags_suspect pixelFlags_suspectCenter pixelFlags_streak
    pixelFlags_streakCenter pixelFlags_injected pixelFlags_injectedCenter pixelFlags_injected_template
    pixelFlags_injected_templateCenter
""")
"""Flags of a detection in v10: each says that something is wrong with it."""

_CLF = words("""
    snnSnVsOthers_score cats_class cats_score earlySNIa_score elephant_kstest_science elephant_kstest_template
""")
_XM = words("""
    simbad_otype gaiadr3_DR3Name gaiadr3_Plx gaiadr3_e_Plx gaiadr3_VarFlag
    legacydr8_zphot legacydr8_e_zphot legacydr8_pstar legacydr8_fqual tns_fullname tns_type tns_redshift
    gcvs_type x3hsp_type x4lac_type vsx_Type spicy_class
    mangrove_HyperLEDA_name mangrove_2MASS_name mangrove_lum_dist mangrove_ang_dist
""")
_PRED = words("is_sso is_first is_cataloged main_label_classifier main_label_crossmatch")

LSST = Vocabulary(
    used=frozenset(
        {
            "diaSourceId",
            "diaSource.diaObjectId",
            "diaSource.reliability",
            "diaObject.diaObjectId",
            "diaObject.ra",
            "diaObject.dec",
            "mpc_orbits.designation",
            "ssSource.designation",
            "cutoutScience",
            "cutoutTemplate",
            "cutoutDifference",
            "lsst_schema_version",
            "fink_broker_version",
            "fink_science_version",
        }
    )
    | {f"diaSource.{name}" for name in (*_DETECTION, *FLAGS)},
    history={"prvDiaSources": _DETECTION, "prvDiaForcedSources": _POINT},
    chosen={
        "diaSource": (
            "snr",
            "reliability",
            "extendedness",
            "isNegative",
            "trailLength",
            "scienceFlux",
            "scienceFluxErr",
            "templateFlux",
            "templateFluxErr",
            "visit",
            "detector",
            "parentDiaSourceId",
        ),
        "diaObject": ("nDiaSources",),
    },
    moving={
        "mpc_orbits": ("designation", "a", "e", "i", "q", "h", "epoch_mjd", "nobs_total", "arc_length_total"),
        # Not its ranges, which are a billionth of what they should be.
        "ssSource": ("designation", "ssObjectId", "ephOffset", "ephVmag", "ephRate", "phaseAngle", "elongation"),
    },
    facts=frozenset(
        [
            *(f"clf.{name}" for name in _CLF),
            *(f"xm.{name}" for name in _XM),
            *(f"pred.{name}" for name in _PRED),
            "misc.firstDiaSourceMjdTaiFink",
            "observation_reason",
            "target_name",
            "brokerIngestMjd",
            "brokerStartProcessTimestamp",
            "brokerEndProcessTimestamp",
        ]
    ),
    elsewhere=frozenset(
        {
            "diaSourceId",
            "diaSource",
            "prvDiaSources",
            "prvDiaForcedSources",
            "diaObject",
            "ssSource",
            "mpc_orbits",
            "MPCORB",
            "ssObject",
            "cutoutScience",
            "cutoutTemplate",
            "cutoutDifference",
            "lsst_schema_version",
            "fink_broker_version",
            "fink_science_version",
            "publisher",
        }
    ),
    on_request=frozenset({"lc_features"}),
    texts=frozenset(
        {
            "mpc_orbits.designation",
            "ssSource.designation",
            "lsst_schema_version",
            "fink_broker_version",
            "fink_science_version",
            *(f"{struct}.band" for struct in ("diaSource", "prvDiaSources", "prvDiaForcedSources")),
        }
    ),
    binaries=frozenset({"cutoutScience", "cutoutTemplate", "cutoutDifference"}),
    numbers=frozenset({"clf.cats_class", "clf.cats_score", "clf.snnSnVsOthers_score"}),
    none={
        "clf": frozenset({-1}),
        "pred.main_label_classifier": frozenset({-1}),
        "diaSource.diaObjectId": frozenset({0}),
        "diaSource.ssObjectId": frozenset({0}),
        "diaSource.parentDiaSourceId": frozenset({0}),
        "ssSource.ssObjectId": frozenset({0}),
        "ssSource.ephVmag": frozenset({0}),
        "ssSource.ephRate": frozenset({0}),
    },
    ids=frozenset({"diaSourceId", "diaObjectId", "ssObjectId", "parentDiaSourceId", "diaForcedSourceId", "visit"}),
    older={
        "mpc_orbits.designation": ("MPCORB.mpcDesignation",),
        "mpc_orbits.a": ("MPCORB.a",),
        "mpc_orbits.e": ("MPCORB.e",),
        "mpc_orbits.i": ("MPCORB.incl",),
        "mpc_orbits.q": ("MPCORB.q",),
        "mpc_orbits.h": ("MPCORB.mpcH",),
        "mpc_orbits.epoch_mjd": ("MPCORB.epoch",),
        "ssSource.designation": ("MPCORB.mpcDesignation",),
        "ssSource.ephVmag": ("ssSource.predictedVMagnitude",),
    },
)
