"""The writer schema of Fink's live Rubin stream, as of March 2026 (lsst.v10_0)."""

from demo.fink.structs import FEATURES, Field, Struct, leaves, mapping, record

BANDS = "ugrizy"

DIA_SOURCE_LISTING = """
    long diaSourceId visit
    int detector
    long diaObjectId ssObjectId parentDiaSourceId
    double midpointMjdTai ra
    float raErr
    double dec
    float decErr ra_dec_Cov x xErr y yErr
    boolean centroid_flag
    float apFlux apFluxErr
    boolean apFlux_flag apFlux_flag_apertureTruncated isNegative
    float snr psfFlux psfFluxErr psfLnL psfChi2
    int psfNdata
    boolean psfFlux_flag psfFlux_flag_edge psfFlux_flag_noGoodPixels
    float trailFlux trailFluxErr
    double trailRa
    float trailRaErr
    double trailDec
    float trailDecErr trailLength trailLengthErr trailAngle trailAngleErr trailChi2
    int trailNdata
    boolean trail_flag_edge
    float dipoleMeanFlux dipoleMeanFluxErr dipoleFluxDiff dipoleFluxDiffErr dipoleLength dipoleAngle dipoleChi2
    int dipoleNdata
    float scienceFlux scienceFluxErr
    boolean forced_PsfFlux_flag forced_PsfFlux_flag_edge forced_PsfFlux_flag_noGoodPixels
    float templateFlux templateFluxErr ixx iyy ixy ixxPSF iyyPSF ixyPSF
    boolean shape_flag shape_flag_no_pixels shape_flag_not_contained shape_flag_parent_source
    float extendedness reliability
    string band
    boolean isDipole dipoleFitAttempted
    double timeProcessedMjdTai timeWithdrawnMjdTai
    int bboxSize
    boolean pixelFlags pixelFlags_bad pixelFlags_cr pixelFlags_crCenter pixelFlags_edge pixelFlags_nodata
    boolean pixelFlags_nodataCenter pixelFlags_interpolated pixelFlags_interpolatedCenter pixelFlags_offimage
    boolean pixelFlags_saturated pixelFlags_saturatedCenter pixelFlags_suspect pixelFlags_suspectCenter
    boolean pixelFlags_streak pixelFlags_streakCenter pixelFlags_injected pixelFlags_injectedCenter
    boolean pixelFlags_injected_template pixelFlags_injected_templateCenter glint_trail
    """

DIA_SOURCE = Struct("diaSource", DIA_SOURCE_LISTING)
PRV_DIA_SOURCE = Struct("prvDiaSources", DIA_SOURCE_LISTING)
FLAGS = tuple(field["name"] for field in DIA_SOURCE.fields if field["type"][0] == "boolean")

PRV_FORCED_SOURCE = Struct(
    "prvDiaForcedSources",
    """
    long diaForcedSourceId diaObjectId
    double ra dec
    long visit
    int detector
    float psfFlux psfFluxErr
    double midpointMjdTai
    float scienceFlux scienceFluxErr
    string band
    double timeProcessedMjdTai timeWithdrawnMjdTai
    """,
)


def _per_band(*listings: str) -> str:
    """Return each listing's lines once for every band, ``_`` standing for the band's prefix."""
    return "\n".join(listing.replace(" _", f" {band}_") for listing in listings for band in BANDS)


DIA_OBJECT_LISTING = "\n".join(
    (
        "long diaObjectId\ndouble validityStartMjdTai ra\nfloat raErr\ndouble dec\nfloat decErr ra_dec_Cov",
        _per_band(
            "float _psfFluxMean _psfFluxMeanErr _psfFluxSigma\nint _psfFluxNdata\nfloat _fpFluxMean _fpFluxMeanErr",
            "float _scienceFluxMean _scienceFluxMeanErr",
            "float _psfFluxMin _psfFluxMax _psfFluxMaxSlope _psfFluxErrMean",
        ),
        "double firstDiaSourceMjdTai lastDiaSourceMjdTai\nint nDiaSources",
    )
)

DIA_OBJECT = Struct("diaObject", DIA_OBJECT_LISTING)

SS_SOURCE = Struct(
    "ssSource",
    """
    long diaSourceId ssObjectId
    string designation
    double eclLambda eclBeta galLon galLat
    float elongation phaseAngle topoRange topoRangeRate helioRange helioRangeRate
    double ephRa ephDec
    float ephVmag ephRate ephRateRa ephRateDec ephOffset
    double ephOffsetRa ephOffsetDec
    float ephOffsetAlongTrack ephOffsetCrossTrack
    float helio_x helio_y helio_z helio_vx helio_vy helio_vz helio_vtot
    float topo_x topo_y topo_z topo_vx topo_vy topo_vz topo_vtot
    int diaDistanceRank
    """,
)

MPC_ORBIT = Struct(
    "mpc_orbits",
    """
    int id
    string designation packed_primary_provisional_designation unpacked_primary_provisional_designation mpc_orb_jsonb
    long created_at updated_at
    int orbit_type_int u_param nopp
    double arc_length_total arc_length_sel
    int nobs_total nobs_total_sel
    double a q e i node argperi peri_time yarkovsky srp a1 a2 a3 dt mean_anomaly period mean_motion
    double a_unc q_unc e_unc i_unc node_unc argperi_unc peri_time_unc yarkovsky_unc srp_unc a1_unc a2_unc a3_unc dt_unc
    double mean_anomaly_unc period_unc mean_motion_unc epoch_mjd h g not_normalized_rms normalized_rms earth_moid
    long fitting_datetime
    """,
)

CLF = Struct(
    "clf",
    """
    float snnSnVsOthers_score
    int cats_class
    float cats_score
    double earlySNIa_score
    float elephant_kstest_science elephant_kstest_template
    """,
)

XM = Struct(
    "xm",
    """
    string simbad_otype gaiadr3_DR3Name
    float gaiadr3_Plx gaiadr3_e_Plx
    int gaiadr3_VarFlag
    float legacydr8_zphot legacydr8_e_zphot legacydr8_pstar
    int legacydr8_fqual
    string tns_fullname tns_type
    float tns_redshift
    string gcvs_type x3hsp_type x4lac_type vsx_Type spicy_class mangrove_HyperLEDA_name mangrove_2MASS_name
    float mangrove_lum_dist mangrove_ang_dist
    """,
)

PRED = Struct(
    "pred",
    "boolean is_sso is_first is_cataloged\nint main_label_classifier\nstring main_label_crossmatch",
)

MISC = Struct("misc", "double firstDiaSourceMjdTaiFink")


def alert_schema(*rubins: Field) -> Field:
    """Return the schema of an alert of which Rubin sends these fields, between the target's name and the cutouts."""
    return record(
        "value",
        [
            *leaves("long diaSourceId\nstring observation_reason target_name"),
            *rubins,
            *leaves(
                """
                bytes cutoutDifference cutoutScience cutoutTemplate
                double brokerIngestMjd
                string lsst_schema_version brokerStartProcessTimestamp
                string fink_broker_version fink_science_version publisher
                """
            ),
            # Spark gives a map's record the name of the whole schema.
            mapping("lc_features", {"type": "record", "name": "topLevelRecord", "fields": FEATURES.fields}),
            *(struct.field for struct in (CLF, XM, PRED, MISC)),
            *leaves("string brokerEndProcessTimestamp"),
        ],
    )


SCHEMA = alert_schema(
    DIA_SOURCE.field,
    PRV_DIA_SOURCE.array,
    PRV_FORCED_SOURCE.array,
    DIA_OBJECT.field,
    SS_SOURCE.field,
    MPC_ORBIT.field,
)
