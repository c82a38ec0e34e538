using FsCheck;
using FsCheck.Experimental;
using FsCheck.Fluent;

using Microsoft.FSharp.Core;

namespace Weir.Server.Tests.Model;

/// <summary>
/// The same generated sequences of commands (use, jobs, corrections, grants, plans over time, other days of renewal, looks) against the pure
/// engine, the services on memory, SQLite and PostgreSQL, and HTTP: every answer is the same, with every figure, refusal and repeat. WEIR_TEST_SEED tries others; a failure is shrunk.
/// </summary>
public sealed class ModelTests
{
    [Fact(DisplayName = "RES-1, GRANT-2, GRANT-3, PLAN-2, COR-1: engine, memory, SQLite, PostgreSQL and HTTP answer the same sequences of commands the same")]
    public void SidesAgree()
    {
        ulong seed = ulong.TryParse(Environment.GetEnvironmentVariable("WEIR_TEST_SEED"), out ulong given) ? given : 20_260_101;
        Replay replay = new(new Rnd(seed, 1), FSharpOption<int>.None);
        Config config = Config.QuickThrowOnFailure.WithMaxTest(14).WithStartSize(60).WithEndSize(60).WithQuietOnSuccess(true).WithReplay(FSharpOption<Replay>.Some(replay));
        Check.One(config, new UsageMachine().ToProperty());
    }

    private sealed class UsageMachine : Machine<AllSides, EngineModel>
    {
        public override Arbitrary<Setup<AllSides, EngineModel>> Setup => Gen.Constant<Setup<AllSides, EngineModel>>(new FreshSides()).ToArbitrary();

        public override Gen<Operation<AllSides, EngineModel>> Next(EngineModel model) => Step.Any.Select(Operation<AllSides, EngineModel> (step) => new StepOperation(step));
    }

    private sealed class FreshSides : Setup<AllSides, EngineModel>
    {
        public override AllSides Actual() => new();

        public override EngineModel Model() => new();
    }

    private sealed class StepOperation(Step step) : Operation<AllSides, EngineModel>
    {
        public override EngineModel Run(EngineModel model) => model.After(step);

        public override Property Check(AllSides actual, EngineModel model)
        {
            IReadOnlyList<string> differing = actual.Differing(step, model);
            return (differing.Count == 0).Label($"{step}\n  engine: {model.Told}\n  {string.Join("\n  ", differing)}");
        }

        public override string ToString() => step.ToString();
    }
}
