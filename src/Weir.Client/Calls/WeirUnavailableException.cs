namespace Weir.Client;

/// <summary>Weir cannot be reached or cannot answer now, and the client could not keep the request either.</summary>
public sealed class WeirUnavailableException : Exception
{
    internal WeirUnavailableException(string code, string message, bool mayHaveTakenEffect, Exception? cause = null)
        : base(message, cause)
    {
        Code = code;
        MayHaveTakenEffect = mayHaveTakenEffect;
    }

    /// <summary><c>unavailable</c>; where there is a spool also <c>spool_full</c> or <c>spool_failed</c>.</summary>
    public string Code { get; }

    /// <summary>The server may have got the request: whether it took effect is unknown. To repeat it with the same id is safe.</summary>
    public bool MayHaveTakenEffect { get; }
}
