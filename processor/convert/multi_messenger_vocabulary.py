"""Words of the flat packets in which Fink joins a ZTF alert to an event of another messenger (fink_mm)."""

from processor.convert.vocabulary import Vocabulary, words

_EVENT = words("""
    observatory instrument event triggerId triggerTimeUTC gcn_ra gcn_dec gcn_loc_error p_assoc
""")
_ALERT = words("""
    fid jdstarthist rb fink_class from_upper roid cdsxmatch DR3Name Plx e_Plx gcvs vsx x3hsp x4lac mangrove
    rf_snia_vs_nonia snn_snia_vs_nonia snn_sn_vs_all rf_kn_vs_nonkn mulens nalerthist anomaly_score
""")

MULTI_MESSENGER = Vocabulary(
    used=frozenset({"objectId", "triggerId", "ztf_ra", "ztf_dec", "jd", "fink_class"}),
    facts=frozenset([*_EVENT, *_ALERT]),
    elsewhere=frozenset(
        {
            "objectId",
            # Cast to 32 bits on its way, and so another alert's, or nobody's.
            "candid",
            "ztf_ra",
            "ztf_dec",
            "jd",
            "fink_broker_version",
            "fink_science_version",
            "publisher",
            "__index_level_0__",
        }
    ),
    on_request=frozenset({"lc_features_g", "lc_features_r", "raw_event"}),
    texts=frozenset({"objectId", "triggerId", "fink_class"}),
    numbers=frozenset({"roid"}),
    none={name: frozenset({-1}) for name in ("spicy_id", "slsn_score", "blazar_stats", "p_assoc")},
)
