namespace Weir.Engine;

/// <summary>Why a request is wrong. It stores nothing and leaves its id free.</summary>
/// <param name="Pointer">JSON pointer (RFC 6901) to the member that is wrong, such as <c>/properties/complexity</c>; empty for the whole request.</param>
/// <param name="Message">What is wrong and what to do instead.</param>
public sealed record Failure(Refusal Refusal, string Pointer, string Message)
{
    /// <summary>How far the reservation has come that has ended otherwise; null for other failures.</summary>
    public ReservationState? State { get; init; }
}
