using Weir.AspNetCore;

namespace Nexa;

/// <param name="EventType">What the tool is charged as.</param>
/// <param name="HasFeatures">Echo and Traceback can be switched on, and cost a bonus.</param>
internal sealed record Tool(string Route, string EventType, Func<TextAnalysis, ToolRequest, object> Run, bool HasFeatures = false, bool NeedsImage = false);

/// <summary>One route for each tool. Every one is wrapped the same way: charged before it runs, given back when it fails.</summary>
internal static class ToolEndpoints
{
    public static readonly IReadOnlyList<Tool> All =
    [
        new("/structuring/diagnose", "structuring_diagnose", StructuringTools.Diagnose, HasFeatures: true),
        new("/structuring/generate-solution", "structuring_generate_solution", StructuringTools.GenerateSolution, HasFeatures: true),
        new("/visuals/planning", "visuals_planning", VisualsTools.Plan),
        new("/visuals/sketch", "visuals_sketch", VisualsTools.Draw),
        new("/solutioning/image-analysis", "solutioning_image_analysis", SolutioningTools.AnalyseImage, NeedsImage: true),
        new("/solutioning/ai-enhance", "solutioning_ai_enhance", SolutioningTools.Enhance),
        new("/solutioning/structure-solution", "solutioning_structure_solution", SolutioningTools.Structure),
        new("/solutioning/node-stack", "solutioning_node_stack", SolutioningTools.Stack),
        new("/solutioning/formatting", "solutioning_formatting", SolutioningTools.Format),
        new("/solutioning/hyper-canvas", "solutioning_hyper_canvas", SolutioningTools.Canvas),
        new("/push/structuring-to-visuals", "push_structuring_to_visuals", PushTools.ToVisuals),
        new("/push/visuals-to-solutioning", "push_visuals_to_solutioning", PushTools.ToSolutioning),
        new("/push/solutioning-to-sow", "push_solutioning_to_sow", PushTools.ToStatementOfWork),
        new("/push/sow-to-loe", "push_sow_to_loe", PushTools.ToLevelOfEffort),
    ];

    public static void Map(RouteGroupBuilder api)
    {
        foreach (Tool tool in All)
        {
            api.MapPost(tool.Route, (ToolRequest request, HttpContext context) => new ToolAnswer(
                    true, tool.Run(new TextAnalysis(request.Text ?? ""), request), CreditUsage.Of(context.Weir())))
                .WithTags(tool.Route.Split('/')[1])
                .Produces<ToolAnswer>()
                .RequireAllowance(tool.EventType, usage => DescribeAsync(usage, tool));
        }
    }

    /// <summary>The complexity is the host's own estimate of the text: a caller cannot make his calls cheaper than they are.</summary>
    private static async Task DescribeAsync(UsageBuilder usage, Tool tool)
    {
        ToolRequest request = await usage.ReadJsonAsync<ToolRequest>();
        request.Check(tool.NeedsImage);
        usage.Property("complexity", Complexity.OfText(request.Text)).Property("characters", request.Text?.Length ?? 0);
        if (tool.HasFeatures)
        {
            usage.Property("echo", request.Echo).Property("traceback", request.Traceback);
        }
    }
}

internal sealed record ToolAnswer(bool Success, object Result, CreditUsage Usage);

/// <param name="RemainingCredits">Null without limit.</param>
internal sealed record CreditUsage(decimal CreditsConsumed, decimal? RemainingCredits)
{
    public const string Meter = "credits";

    public static CreditUsage Of(MeteredCall call) => new(call.Charged(Meter), call.Remaining(Meter));
}
