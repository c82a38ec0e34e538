using System.ComponentModel.DataAnnotations;

using Weir.Engine;

namespace Weir.AspNetCore;

/// <summary>How an endpoint holds what its work is expected to use.</summary>
public sealed class HoldOptions
{
    /// <summary>How long it holds without a sign of life; while the handler runs it is extended by itself.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "7.00:00:00")]
    public TimeSpan Ttl { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a call waits for a slot before it is refused.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan Wait { get; set; }

    /// <summary>Lower numbers are served first.</summary>
    [Range(0, 1_000_000)]
    public int Priority { get; set; }

    /// <summary>What happens when the handler used more than is held. It has happened by then: it is recorded unless set otherwise.</summary>
    public Overrun Overrun { get; set; } = Overrun.Record;

    /// <summary>Says what is expected, over what the allowance says.</summary>
    internal Func<UsageBuilder, Task> Estimate { get; set; } = _ => Task.CompletedTask;
}
