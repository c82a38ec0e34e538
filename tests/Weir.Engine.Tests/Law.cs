using FsCheck;
using FsCheck.Fluent;
using Microsoft.FSharp.Core;

namespace Weir.Engine.Tests;

/// <summary>
/// Checks a law on generated cases. The cases are the same on every run; set WEIR_TEST_SEED to a number to try others. A failure
/// shows the case.
/// </summary>
internal static class Law
{
    private static readonly ulong s_seed = ulong.TryParse(Environment.GetEnvironmentVariable("WEIR_TEST_SEED"), out ulong seed) ? seed : 20_260_101;

    public static void Holds<T>(Gen<T> cases, Action<T> law, int count, int variation = 0)
    {
        // The increment of the generator must be odd.
        var replay = new Replay(new Rnd(s_seed + (ulong)variation, 1), FSharpOption<int>.None);
        Config config = Config.QuickThrowOnFailure.WithMaxTest(count).WithQuietOnSuccess(true).WithReplay(FSharpOption<Replay>.Some(replay));
        Check.One(config, Prop.ForAll(cases.ToArbitrary(), law));
    }
}
