using System.Text.RegularExpressions;

namespace Weir.Engine.Tests;

/// <summary>Every reason to refuse has a code, a row in a table and a page.</summary>
public sealed partial class RefusalSpecs
{
    private static readonly Refusal[] s_all = [.. Enum.GetValues<Refusal>().Where(refusal => refusal != Refusal.None)];

    [Fact(DisplayName = "Each refusal has a code of its own; denials come before failures, and no number is used twice")]
    public void Codes()
    {
        Assert.Equal(s_all.Length, s_all.Select(refusal => refusal.Code()).Distinct(StringComparer.Ordinal).Count());
        Assert.All(s_all, refusal => Assert.Matches("^[a-z]+(_[a-z]+)*$", refusal.Code()));
        Assert.Equal(Enum.GetNames<Refusal>().Length, Enum.GetValues<Refusal>().Distinct().Count());
        Assert.All(s_all, refusal => Assert.Equal((int)refusal < 100, refusal.IsDenial()));
        Assert.False(Refusal.None.IsDenial());
        Assert.Throws<ArgumentOutOfRangeException>(() => ((Refusal)99).Code());
    }

    [Fact(DisplayName = "Each refusal that the engine gives stands as an answer in a specification table")]
    public void Rows()
    {
        // The enum's own file only lists them; what stands nowhere else belongs to the services around the engine.
        HashSet<string> given =
        [
            .. Repository.Texts("src/Weir.Engine", "*.cs")
                .Where(text => !text.Contains("enum Refusal", StringComparison.Ordinal))
                .SelectMany(text => Given().Matches(text))
                .Select(match => Enum.Parse<Refusal>(match.Groups["name"].Value))
                .Where(refusal => refusal != Refusal.None)
                .Select(refusal => refusal.Code()),
        ];
        HashSet<string> answers = [.. Repository.Texts("tests/Weir.Engine.Tests", "*Specs.cs").SelectMany(text => Answer().Matches(text)).Select(match => match.Groups["code"].Value)];

        Assert.NotEmpty(given);
        Assert.Empty(given.Except(answers));
    }

    [Fact(DisplayName = "Each refusal has a page under docs/problems that shows its code, an answer and what to do")]
    public void Pages()
    {
        string index = File.ReadAllText(Path.Combine(Repository.Root, "docs/problems/README.md"));
        foreach (string code in s_all.Select(refusal => refusal.Code()))
        {
            string page = File.ReadAllText(Path.Combine(Repository.Root, $"docs/problems/{code}.md"));
            Assert.StartsWith($"# `{code}`", page, StringComparison.Ordinal);
            Assert.Contains($"\"{code}\"", page, StringComparison.Ordinal);
            Assert.Contains("## What to do", page, StringComparison.Ordinal);
            Assert.Contains($"]({code}.md)", index, StringComparison.Ordinal);
        }
    }

    [Fact(DisplayName = "Each problem of the HTTP side has a page that shows its status")]
    public void ProblemPages()
    {
        Match[] problems = [.. Repository.Texts("src", "*.cs").SelectMany(text => Problem().Matches(text))];

        Assert.NotEmpty(problems);
        foreach (Match problem in problems)
        {
            string page = File.ReadAllText(Path.Combine(Repository.Root, $"docs/problems/{problem.Groups["code"].Value}.md"));
            Assert.Contains($"HTTP {problem.Groups["status"].Value}", page, StringComparison.Ordinal);
        }
    }

    [Fact(DisplayName = "Each page under docs/problems stands in their table")]
    public void Index()
    {
        string index = File.ReadAllText(Path.Combine(Repository.Root, "docs/problems/README.md"));
        string[] pages = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs/problems"), "*.md").Select(file => Path.GetFileName(file)).Where(name => name != "README.md")];

        Assert.NotEmpty(pages);
        Assert.All(pages, page => Assert.Contains($"]({page})", index, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\bRefusal\.(?<name>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Given();

    [GeneratedRegex("StatusCodes\\.Status(?<status>[0-9]{3})\\w+, \"(?<code>[a-z_]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Problem();

    // A table's answer column, which is the second.
    [GeneratedRegex(@"^\s+[^|\n]*\| (?<code>[a-z_]+) *\|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Answer();
}
