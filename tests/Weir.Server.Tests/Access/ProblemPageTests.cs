using System.Text.RegularExpressions;

namespace Weir.Server.Tests;

public sealed partial class ProblemPageTests
{
    [Fact(DisplayName = "Every code of a problem has its page, with the status that it is sent with")]
    public void Pages()
    {
        string root = Path.GetDirectoryName(Path.GetDirectoryName(WeirHost.CatalogPath("nexa.yaml")))!;
        string index = File.ReadAllText(Path.Combine(root, "docs/problems/README.md"));
        HashSet<string> codes = [];
        foreach (string file in Directory.EnumerateFiles(Path.Combine(root, "src"), "*.cs", SearchOption.AllDirectories))
        {
            codes.UnionWith(Code().Matches(File.ReadAllText(file)).Select(match => match.Groups["code"].Value));
        }

        // The client that has gone reads no page.
        codes.Remove("client_closed_request");
        Assert.NotEmpty(codes);
        Assert.All(codes, code => Assert.Contains($"]({code}.md)", index, StringComparison.Ordinal));
    }

    [GeneratedRegex("StatusCodes\\.Status\\d+\\w+,\\s*\"(?<code>[a-z_]+)\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();
}
