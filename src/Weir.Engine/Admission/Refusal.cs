namespace Weir.Engine;

/// <summary>
/// Every reason for which a command does not take effect, in the order in which it is checked. Values below 100 are denials:
/// answers of the plan (<c>allowed: false</c>, HTTP 200). Values from 100 are failures of the request (HTTP 4xx), which store nothing.
/// The numbers are stored and never change.
/// </summary>
public enum Refusal
{
    None = 0,

    AccountSuspended = 1,
    FeatureNotInPlan = 2,
    RequestLimitExceeded = 3,
    LevelBelowZero = 4,
    LimitExceeded = 5,
    RateLimited = 6,
    NoSlot = 7,
    ExceedsReservation = 8,

    InvalidRequest = 100,
    UnknownEventType = 101,
    EventTypeRetired = 102,
    PropertyMissing = 103,
    PropertyType = 104,
    NegativeQuantity = 105,
    TooManyDecimals = 106,
    QuantityOverflow = 107,
    CurrencyMismatch = 108,
    UnknownAccount = 109,
    UnknownPlan = 110,
    PlanRetired = 111,
    UnknownMeter = 112,
    TimeOutOfRange = 113,
    ImportIntoLivePeriod = 114,
    IdReused = 115,
    EventNotFound = 116,
    PeriodClosed = 117,
    NotReversible = 118,
    AdjustmentBelowZero = 119,
    ReservationNotFound = 120,
    ReservationEnded = 121,
    StaleFence = 122,
    TooManyReservations = 123,
    GrantNotFound = 124,
}

public static class Refusals
{
    /// <summary>Whether the plan said no, as opposed to the request being wrong.</summary>
    public static bool IsDenial(this Refusal refusal) => refusal is > Refusal.None and < Refusal.InvalidRequest;

    /// <summary>The code in answers and problem documents, and the name of its page under docs/problems: <c>limit_exceeded</c>.</summary>
    public static string Code(this Refusal refusal) => refusal switch
    {
        Refusal.None => "none",
        Refusal.AccountSuspended => "account_suspended",
        Refusal.FeatureNotInPlan => "feature_not_in_plan",
        Refusal.RequestLimitExceeded => "request_limit_exceeded",
        Refusal.LevelBelowZero => "level_below_zero",
        Refusal.LimitExceeded => "limit_exceeded",
        Refusal.RateLimited => "rate_limited",
        Refusal.NoSlot => "no_slot",
        Refusal.ExceedsReservation => "exceeds_reservation",
        Refusal.InvalidRequest => "invalid_request",
        Refusal.UnknownEventType => "unknown_event_type",
        Refusal.EventTypeRetired => "event_type_retired",
        Refusal.PropertyMissing => "property_missing",
        Refusal.PropertyType => "property_type",
        Refusal.NegativeQuantity => "negative_quantity",
        Refusal.TooManyDecimals => "too_many_decimals",
        Refusal.QuantityOverflow => "quantity_overflow",
        Refusal.CurrencyMismatch => "currency_mismatch",
        Refusal.UnknownAccount => "unknown_account",
        Refusal.UnknownPlan => "unknown_plan",
        Refusal.PlanRetired => "plan_retired",
        Refusal.UnknownMeter => "unknown_meter",
        Refusal.TimeOutOfRange => "time_out_of_range",
        Refusal.ImportIntoLivePeriod => "import_into_live_period",
        Refusal.IdReused => "id_reused",
        Refusal.EventNotFound => "event_not_found",
        Refusal.PeriodClosed => "period_closed",
        Refusal.NotReversible => "not_reversible",
        Refusal.AdjustmentBelowZero => "adjustment_below_zero",
        Refusal.ReservationNotFound => "reservation_not_found",
        Refusal.ReservationEnded => "reservation_ended",
        Refusal.StaleFence => "stale_fence",
        Refusal.TooManyReservations => "too_many_reservations",
        Refusal.GrantNotFound => "grant_not_found",
        _ => throw new ArgumentOutOfRangeException(nameof(refusal), refusal, "A refusal without a code."),
    };
}
