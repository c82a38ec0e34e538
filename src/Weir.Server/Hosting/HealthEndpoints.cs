using System.Diagnostics;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Weir.Server;

/// <summary>What a supervisor asks, without a key: whether the process lives, and whether it can take work.</summary>
internal static class HealthEndpoints
{
    /// <summary>A batch that is under way for longer says that the disk does not answer.</summary>
    private static readonly TimeSpan s_longestCommit = TimeSpan.FromSeconds(10);

    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", () => TypedResults.Json(new Health("live", 0))).ExcludeFromDescription();
        endpoints.MapGet("/health/ready", Ready).ExcludeFromDescription();
    }

    private static JsonHttpResult<Health> Ready(GroupCommit commits, WeirOptions options)
    {
        long since = commits.BusySince;
        int waiting = commits.Waiting;
        string? trouble = since != 0 && Stopwatch.GetElapsedTime(since) > s_longestCommit ? "stalled"
            : waiting >= options.LargestQueue ? "overloaded"
            : null;
        return TypedResults.Json(
            new Health(trouble ?? "ready", waiting),
            statusCode: trouble is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    /// <param name="Waiting">Commands that wait for the writer.</param>
    private sealed record Health(string Status, int Waiting);
}
