"""The writer schema of Fink's live ZTF stream, as of March 2026."""

from demo.fink.structs import FEATURES, Struct, leaves, mapping, record

CANDIDATE = Struct(
    "candidate",
    """
    double jd
    int fid
    long pid
    float diffmaglim
    string pdiffimfilename programpi
    int programid
    long candid
    string isdiffpos
    long tblid
    int nid rcid field
    float xpos ypos
    double ra dec
    float magpsf sigmapsf chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm classtar
    float mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong
    int nneg nbad
    float rb ssdistnr ssmagnr
    string ssnamenr
    float sumrat magapbig sigmagapbig
    double ranr decnr
    float sgmag1 srmag1 simag1 szmag1 sgscore1 distpsnr1
    int ndethist ncovhist
    double jdstarthist jdendhist scorr
    int tooflag
    long objectidps1 objectidps2
    float sgmag2 srmag2 simag2 szmag2 sgscore2 distpsnr2
    long objectidps3
    float sgmag3 srmag3 simag3 szmag3 sgscore3 distpsnr3
    int nmtchps
    long rfid
    double jdstartref jdendref
    int nframesref
    string rbversion
    float dsnrms ssnrms dsdiff magzpsci magzpsciunc magzpscirms
    int nmatches
    float clrcoeff clrcounc zpclrcov zpmed clrmed clrrms neargaia neargaiabright maggaia maggaiabright exptime drb
    string drbversion
    """,
)
"""The detection."""

PRV_CANDIDATE = Struct(
    "prv_candidates",
    """
    double jd
    int fid
    long pid
    float diffmaglim
    string pdiffimfilename programpi
    int programid
    long candid
    string isdiffpos
    long tblid
    int nid rcid field
    float xpos ypos
    double ra dec
    float magpsf sigmapsf chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm classtar
    float mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong
    int nneg nbad
    float rb ssdistnr ssmagnr
    string ssnamenr
    float sumrat magapbig sigmagapbig
    double ranr decnr scorr
    float magzpsci magzpsciunc magzpscirms clrcoeff clrcounc
    string rbversion
    """,
)
"""An earlier detection, or an upper limit: then everything that was measured on a source is None."""

CUTOUTS = {
    name: Struct(name, "string fileName\nbytes stampData")
    for name in ("cutoutScience", "cutoutTemplate", "cutoutDifference")
}


def _features(band: str) -> Struct:
    return Struct(f"lc_features_{band}", f"double {' '.join(FEATURES.names)}")


SCHEMA = record(
    "value",
    [
        *leaves("long candid\nstring schemavsn publisher objectId"),
        CANDIDATE.field,
        PRV_CANDIDATE.array,
        *(cutout.field for cutout in CUTOUTS.values()),
        *leaves(
            """
            string brokerIngestTimestamp brokerStartProcessTimestamp fink_broker_version fink_science_version
            string cdsxmatch tns DR3Name
            float Plx e_Plx
            int gaiaVarFlag
            string gaiaClass vsx
            int spicy_id
            string spicy_class gcvs x3hsp x4lac
            """
        ),
        mapping("mangrove", "string"),
        *leaves(
            """
            int roid
            double rf_snia_vs_nonia snn_snia_vs_nonia snn_sn_vs_all mulens
            int nalerthist
            double rf_kn_vs_nonkn anomaly_score anomaly_score_beta anomaly_score_anais anomaly_score_emille
            double anomaly_score_julien anomaly_score_maria anomaly_score_emille_30days anomaly_score_varvara
            """
        ),
        _features("g").field,
        _features("r").field,
        *leaves(
            """
            double jd_first_real_det jdstarthist_dt mag_rate sigma_rate lower_rate upper_rate delta_time
            boolean from_upper
            """
        ),
        mapping("blazar_stats", "float"),
        *leaves("boolean is_transient\ndouble slsn_score\nstring brokerEndProcessTimestamp"),
    ],
)
