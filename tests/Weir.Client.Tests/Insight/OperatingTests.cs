using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

using Weir.Server.Tests;

using YamlDotNet.RepresentationModel;

namespace Weir.Client.Tests;

/// <summary>What docs/operating says about metrics and logs is what the programs do.</summary>
public sealed partial class OperatingTests
{
    private static readonly string s_root = Path.GetDirectoryName(Path.GetDirectoryName(WeirHost.CatalogPath("nexa.yaml")))!;
    private static readonly string s_folder = Path.Combine(s_root, "docs/operating");

    [Fact(DisplayName = "Operating: every metric of the dashboard and of the alert rules is published, and every metric of Weir is described")]
    public async Task MetricsArePublished()
    {
        (HashSet<string> published, List<Instrument> own) = await PublishedAsync();
        HashSet<string> used = [];
        foreach (string expression in RuleExpressions().Concat(PanelExpressions()))
        {
            string[] names = [.. NamesIn(expression)];
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.True(published.Contains(name), $"'{name}' is no metric of Weir: {expression}"));
            used.UnionWith(names);
        }

        Assert.True(used.Count >= 20, $"Only {used.Count} metrics are used.");
        string page = File.ReadAllText(Path.Combine(s_folder, "monitoring.md"));
        Assert.All(own, instrument => Assert.Contains($"| `{instrument.Name}` | {instrument.Unit ?? "–"} | `{SeriesOf(instrument).First()}` |", page, StringComparison.Ordinal));
        Assert.Equal(own.Count, OwnRow().Count(page));
    }

    [Fact(DisplayName = "Operating: each alert has a severity, a summary, and a section of the runbook")]
    public void AlertsLeadToTheRunbook()
    {
        string runbook = File.ReadAllText(Path.Combine(s_folder, "runbook.md"));
        HashSet<string> sections = [.. Heading().Matches(runbook).Select(match => AnchorOf(match.Groups["title"].Value))];
        YamlMappingNode[] rules = [.. Rules()];
        Assert.NotEmpty(rules);
        Assert.Equal(rules.Length, rules.Select(rule => Text(rule, "alert")).Distinct().Count());
        foreach (YamlMappingNode rule in rules)
        {
            Assert.Contains(Text((YamlMappingNode)rule["labels"], "severity"), new[] { "page", "ticket" });
            YamlMappingNode annotations = (YamlMappingNode)rule["annotations"];
            Assert.NotEmpty(Text(annotations, "summary"));
            string[] target = Text(annotations, "runbook").Split('#');
            Assert.Equal("docs/operating/runbook.md", target[0]);
            Assert.Contains(target[1], sections);
        }
    }

    [Fact(DisplayName = "Operating: every log event and every file that the pages name is there")]
    public void EventsAndLinksAreThere()
    {
        HashSet<string> events = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(s_root, "src"), "*Log.cs", SearchOption.AllDirectories))
        {
            events.UnionWith(LogEvent().Matches(File.ReadAllText(file)).Select(match => match.Groups["id"].Value));
        }

        string[] pages = Directory.GetFiles(s_folder, "*.md");
        Assert.True(pages.Length >= 5);
        foreach (string page in pages)
        {
            string text = File.ReadAllText(page);
            Assert.All(EventInText().Matches(text), match => Assert.Contains(match.Groups["id"].Value, events));
            Assert.All(Link().Matches(text), match => Assert.True(Path.Exists(Path.Combine(s_folder, match.Groups["file"].Value)), $"{Path.GetFileName(page)}: {match.Value}"));
        }
    }

    /// <summary>The instruments of a server, of its HTTP side and runtime, and of a client, as they are when they are made.</summary>
    private static async Task<(HashSet<string> Published, List<Instrument> Own)> PublishedAsync()
    {
        Dictionary<string, Instrument> instruments = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument.Meter.Name is WeirInstruments.Name or ClientInstruments.Name or "Microsoft.AspNetCore.Hosting" or "System.Runtime")
            {
                lock (instruments)
                {
                    instruments[instrument.Name] = instrument;
                }
            }
        };
        listener.Start();
        await using WeirHost host = await WeirHost.StartAsync();
        using HttpResponseMessage live = await host.Admin.GetAsync(new Uri("/health/live", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        string spool = Directory.CreateTempSubdirectory("weir-operating-").FullName;
        try
        {
            WeirClientOptions options = new() { BaseAddress = host.Address, Key = WeirHost.AdminKey };
            options.Spool.Folder = spool;
            await using WeirClient client = new(options);
            await using UsageRecorder recorder = new(client);
        }
        finally
        {
            Directory.Delete(spool, recursive: true);
        }

        lock (instruments)
        {
            return ([.. instruments.Values.SelectMany(SeriesOf)], [.. instruments.Values.Where(instrument => instrument.Meter.Name.StartsWith("Weir", StringComparison.Ordinal))]);
        }
    }

    /// <summary>
    /// The names in Prometheus, as OpenTelemetry's compatibility specification makes them: dots become underscores, the unit is a suffix
    /// unless the name has it, units in braces are left out, counters end with <c>_total</c>.
    /// </summary>
    private static IEnumerable<string> SeriesOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_');
        string? unit = instrument.Unit switch { "s" => "seconds", "By" => "bytes", "1" => "ratio", _ => null };
        if (unit is not null && !name.Split('_').Contains(unit))
        {
            name = $"{name}_{unit}";
        }

        string kind = instrument.GetType().Name;
        return kind.StartsWith("Histogram", StringComparison.Ordinal) ? [$"{name}_bucket", $"{name}_sum", $"{name}_count"]
            : kind.StartsWith("Counter", StringComparison.Ordinal) || kind.StartsWith("ObservableCounter", StringComparison.Ordinal) ? [$"{name}_total"]
            : [name];
    }

    private static IEnumerable<YamlMappingNode> Rules()
    {
        YamlStream stream = [];
        using StreamReader file = new(Path.Combine(s_folder, "prometheus-alerts.yaml"));
        stream.Load(file);
        return ((YamlSequenceNode)((YamlMappingNode)stream.Documents.Single().RootNode)["groups"]).Children
            .SelectMany(group => ((YamlSequenceNode)group["rules"]).Children).Cast<YamlMappingNode>();
    }

    private static IEnumerable<string> RuleExpressions() => Rules().Select(rule => Text(rule, "expr"));

    private static List<string> PanelExpressions()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(s_folder, "grafana-dashboard.json")));
        return [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.TryGetProperty("targets", out JsonElement targets) ? targets.EnumerateArray().Select(target => target.GetProperty("expr").GetString()!) : [])];
    }

    /// <summary>The names of time series in an expression: what is neither text, label, function nor keyword.</summary>
    private static IEnumerable<string> NamesIn(string expression) =>
        Name().Matches(NotNames().Replace(expression, " ")).Select(match => match.Value).Where(name => name is not ("and" or "or" or "unless" or "offset"));

    private static string Text(YamlMappingNode node, string key) => ((YamlScalarNode)node[key]).Value!;

    private static string AnchorOf(string title) => NoAnchor().Replace(title.ToLower(CultureInfo.InvariantCulture), "").Replace(' ', '-');

    [GeneratedRegex("""
        "[^"]*" | \{[^}]*\} | \[[^\]]*\] | \b(by|without|on|ignoring|group_left)\s*\([^)]*\)
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace, 1000)]
    private static partial Regex NotNames();

    [GeneratedRegex(@"(?<![\w$.])[a-zA-Z_]\w*\b(?!\s*\()", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"^\| `weir\.", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex OwnRow();

    [GeneratedRegex("^##+ (?<title>.+)$", RegexOptions.ExplicitCapture | RegexOptions.Multiline, 1000)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NoAnchor();

    [GeneratedRegex(@"\[LoggerMessage\((?<id>\d+),", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex LogEvent();

    // Events are written as `1102`: a number of four digits in a code span.
    [GeneratedRegex(@"`(?<id>[1-4]\d{3})`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EventInText();

    [GeneratedRegex(@"\]\((?!https?:|#)(?<file>[^)#]+)[^)]*\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();
}
