using System.Text.RegularExpressions;

namespace Weir.Engine.Tests;

/// <summary>Every rule of docs/reference/rules.md stands in the title of a test.</summary>
public static partial class RulesAreShown
{
    [Fact(DisplayName = "Every named rule stands in the title of at least one test")]
    public static void EveryRuleHasATest()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "reference", "rules.md"));
        List<string> rules = [.. Rule().Matches(page).Select(match => match.Groups["rule"].Value)];
        HashSet<string> shown = new(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*.cs", SearchOption.AllDirectories))
        {
            foreach (Match title in Title().Matches(File.ReadAllText(file)))
            {
                shown.UnionWith(Name().Matches(title.Value).Select(match => match.Value));
            }
        }

        Assert.True(rules.Count > 40, $"The page of the rules names only {rules.Count}.");
        Assert.DoesNotContain(rules, rule => !shown.Contains(rule));
    }

    [GeneratedRegex(@"^- \*\*(?<rule>[A-Z]+-[0-9]+)\*\*", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Rule();

    [GeneratedRegex("DisplayName = \"[^\"]*\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Title();

    [GeneratedRegex("[A-Z]+-[0-9]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();
}
