"""Words of ZTF's packets, as Fink distributes them (schema 4.02, Fink's broker 4.1)."""

from processor.convert.vocabulary import Vocabulary, words

_POINT = frozenset({"jd", "fid", "isdiffpos", "magpsf", "sigmapsf", "diffmaglim", "ra", "dec", "programid"})

_CROSS_MATCHES = words("""
    cdsxmatch tns DR3Name Plx e_Plx gaiaVarFlag gaiaClass vsx spicy_id spicy_class gcvs x3hsp x4lac mangrove
""")
_SCORES = words("""
    roid rf_snia_vs_nonia snn_snia_vs_nonia snn_sn_vs_all mulens rf_kn_vs_nonkn nalerthist slsn_score is_transient
    anomaly_score anomaly_score_beta anomaly_score_anais anomaly_score_emille anomaly_score_julien anomaly_score_maria
    anomaly_score_emille_30days anomaly_score_varvara blazar_stats
""")
_RATES = words("""
    jd_first_real_det jdstarthist_dt mag_rate sigma_rate lower_rate upper_rate delta_time from_upper
""")
_TIMES = words("brokerIngestTimestamp brokerStartProcessTimestamp brokerEndProcessTimestamp")

ZTF = Vocabulary(
    used=frozenset(
        {
            "candid",
            "objectId",
            "schemavsn",
            "cutoutScience.stampData",
            "cutoutTemplate.stampData",
            "cutoutDifference.stampData",
            "fink_broker_version",
            "fink_science_version",
        }
    )
    | {f"candidate.{name}" for name in (_POINT - {"diffmaglim"}) | {"drb", "classtar", "ndethist", "jdstarthist"}},
    history={"prv_candidates": _POINT},
    chosen={
        "candidate": (
            "drb",
            "drbversion",
            "rb",
            "rbversion",
            "classtar",
            "nbad",
            "scorr",
            "diffmaglim",
            "ndethist",
            "ncovhist",
            "jdstarthist",
            "jdendhist",
            "distnr",
            "magnr",
            "sigmagnr",
            "objectidps1",
            "sgscore1",
            "distpsnr1",
            "srmag1",
            "neargaia",
            "maggaia",
            "ssdistnr",
            "ssmagnr",
            "ssnamenr",
        )
    },
    facts=frozenset([*_CROSS_MATCHES, *_SCORES, *_RATES, *_TIMES]),
    elsewhere=frozenset(
        {
            "candid",
            "objectId",
            "schemavsn",
            "publisher",
            "candidate",
            "prv_candidates",
            "fp_hists",
            "cutoutScience",
            "cutoutTemplate",
            "cutoutDifference",
            "fink_broker_version",
            "fink_science_version",
        }
    ),
    on_request=frozenset({"lc_features_g", "lc_features_r"}),
    texts=frozenset({"objectId", "schemavsn", "fink_broker_version", "fink_science_version"})
    | {f"{struct}.isdiffpos" for struct in ("candidate", "prv_candidates")},
    binaries=frozenset(f"cutout{image}.stampData" for image in ("Science", "Template", "Difference")),
    numbers=frozenset(words("roid mulens snn_snia_vs_nonia snn_sn_vs_all rf_snia_vs_nonia rf_kn_vs_nonkn")),
    none={
        "candidate": frozenset({-999}),
        "spicy_id": frozenset({-1}),
        "slsn_score": frozenset({-1}),
        "blazar_stats": frozenset({-1}),
    },
    ids=frozenset({"candid", "pid", "tblid", "rfid", "objectidps1", "objectidps2", "objectidps3"}),
)
