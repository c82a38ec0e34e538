using System.ComponentModel.DataAnnotations;

using Microsoft.AspNetCore.Http;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>What happens to a call that needs an allowance while Weir cannot decide: its store is down, or more waits than it can take.</summary>
public enum OutagePolicy
{
    /// <summary>The call is refused with 503: no limit is ever passed.</summary>
    Deny,

    /// <summary>The handler runs, and what it used is recorded as soon as the store is back, beyond limits where need be.</summary>
    AllowAndRecord,
}

/// <summary>How Weir works inside an ASP.NET Core application. Endpoints may differ, see <see cref="AllowanceOptions"/>.</summary>
public sealed class WeirHostOptions
{
    /// <summary>Who pays, where an endpoint does not say: the key of the account, or null when it is not known.</summary>
    public Func<HttpContext, string?>? Account { get; set; }

    /// <summary>Who acts inside the account, where an endpoint does not say.</summary>
    public Func<HttpContext, string?>? User { get; set; }

    /// <summary>The request header that says where a call comes from (<c>web</c>, <c>mobile</c>, …); null reads none.</summary>
    public string? SourceHeader { get; set; } = "X-Weir-Source";

    /// <summary>Where calls come from when neither the endpoint nor the header says.</summary>
    public string? Source { get; set; }

    /// <summary>
    /// Changes or replaces the answer to a denied call. It may set the status, headers and <see cref="DeniedCall.Result"/>, or write
    /// the response itself; what it leaves is the standard 429 problem document.
    /// </summary>
    public Func<DeniedCall, Task>? OnDenied { get; set; }

    /// <summary>Answers a call whose account is not known; null is a 400 problem document. The handler does not run in any case.</summary>
    public Func<HttpContext, Task>? OnAccountMissing { get; set; }

    public OutagePolicy Outage { get; set; } = OutagePolicy.Deny;

    /// <summary>Keeps the charges of calls that end with a status from 400 to 499. Without it every status from 400 on charges nothing.</summary>
    public bool ChargeClientErrors { get; set; }

    /// <summary>Whether the caller's address and user agent are kept with his calls. They are personal data, and an erase deletes them.</summary>
    public bool KeepOrigin { get; set; } = true;

    /// <summary>Whether a request header <c>Idempotency-Key</c> makes the repeat of a request count once.</summary>
    public bool IdempotencyKeys { get; set; } = true;

    /// <summary>How long an admission may take before it counts as an outage.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan AdmissionTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The most bytes of a request body that are kept in memory to read it before the handler does, and to tell whether a repeated
    /// Idempotency-Key comes with the same body.
    /// </summary>
    [Range(1024, 64 * 1024 * 1024)]
    public int LargestBody { get; set; } = 1024 * 1024;
}

/// <summary>What one endpoint does differently. What is null is as <see cref="WeirHostOptions"/> says.</summary>
public sealed class AllowanceOptions
{
    /// <inheritdoc cref="WeirHostOptions.OnDenied"/>
    public Func<DeniedCall, Task>? OnDenied { get; set; }

    /// <inheritdoc cref="WeirHostOptions.Outage"/>
    public OutagePolicy? Outage { get; set; }

    /// <inheritdoc cref="WeirHostOptions.ChargeClientErrors"/>
    public bool? ChargeClientErrors { get; set; }

    /// <inheritdoc cref="WeirHostOptions.IdempotencyKeys"/>
    public bool? IdempotencyKeys { get; set; }

    /// <summary>With <see cref="ConsumeMode.BestEffort"/> charges are cut to what is left, and denied only when nothing is.</summary>
    public ConsumeMode Mode { get; set; } = ConsumeMode.Enforce;
}
