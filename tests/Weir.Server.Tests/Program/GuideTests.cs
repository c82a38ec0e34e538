using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Weir.Server.Tests.Program;

/// <summary>The guide is run as it stands: every shell block, line by line, against a server that has just been started.</summary>
[Collection(ProgramCollection.Name)]
public sealed partial class GuideTests
{
    private const string Expectation = "# → ";

    [Fact(DisplayName = "The first ten minutes work as printed")]
    public async Task TheGuideWorks()
    {
        string guide = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "first-ten-minutes.md"));
        using TemporaryFolder folder = new();
        folder.Write("catalog.yaml", Blocks(guide, "yaml").First());
        await using RunningServer server = await RunningServer.StartAsync(folder.File("data"));
        List<(string Command, List<string> Expected)> steps = [.. Blocks(guide, "sh").SelectMany(Steps)];
        Assert.True(steps.Count >= 12, $"The guide has only {steps.Count} commands.");
        foreach ((string command, List<string> expected) in steps)
        {
            Assert.NotEmpty(expected);
            string answer = await ShellAsync(command, folder.Path, server.Url);
            Assert.All(expected, text => Assert.True(answer.Contains(text, StringComparison.Ordinal), $"{command}{Environment.NewLine}should answer {text}, but answers{Environment.NewLine}{answer}"));
        }
    }

    [Theory(DisplayName = "The curl lines of the guides work as printed")]
    [InlineData("reservations.md", "bash", 3)]
    [InlineData("grants.md", "sh", 4)]
    [InlineData("alerts.md", "bash", 3)]
    [InlineData("customer-facing.md", "sh", 3)]
    [InlineData("privacy.md", "sh", 2)]
    public async Task TheLinesWork(string guide, string language, int count)
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Root(), "docs", "guides", guide));
        using TemporaryFolder folder = new();
        await using RunningServer server = await RunningServer.StartAsync(folder.File("data"), RunningServer.AdminKey, "--catalog", Path.Combine(Root(), "catalogs", "transcription.yaml"));
        List<string> commands = [.. Blocks(page, language).SelectMany(Commands)];
        Assert.Equal(count, commands.Count);
        string token = "";
        foreach (string command in commands)
        {
            // The id that the reader has is another than the printed one.
            string answer = await ShellAsync(PrintedToken().Replace(command, token), folder.Path, server.Url);
            Assert.False(answer.Contains("\"/docs/problems/", StringComparison.Ordinal) || answer.Contains("\"allowed\":false", StringComparison.Ordinal), $"{command}{Environment.NewLine}answers{Environment.NewLine}{answer}");
            token = MadeToken().Match(answer) is { Success: true } made ? made.Groups["id"].Value : token;
        }
    }

    /// <summary>Each begins with curl and goes on until the next line that begins a command.</summary>
    private static IEnumerable<string> Commands(string block)
    {
        List<string> commands = [];
        bool isCurl = false;
        foreach (string line in block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("curl ", StringComparison.Ordinal) || line.StartsWith("weir ", StringComparison.Ordinal))
            {
                isCurl = line[0] == 'c';
                commands.AddRange(isCurl ? [line] : []);
            }
            else if (isCurl)
            {
                commands[^1] += "\n" + line;
            }
        }

        return commands;
    }

    [GeneratedRegex("(?<=portal/tokens/)[0-9a-f]{16}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PrintedToken();

    [GeneratedRegex("\"id\":\"(?<id>[0-9a-f]{16})\",\"token\"", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex MadeToken();

    private static IEnumerable<string> Blocks(string page, string language)
    {
        string[] parts = page.Split("```");
        for (int i = 1; i < parts.Length; i += 2)
        {
            if (parts[i].StartsWith(language + "\n", StringComparison.Ordinal))
            {
                yield return parts[i][(language.Length + 1)..];
            }
        }
    }

    /// <summary>A command is the lines up to what is expected of it.</summary>
    private static List<(string Command, List<string> Expected)> Steps(string block)
    {
        List<(string Command, List<string> Expected)> steps = [];
        foreach (string line in block.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith(Expectation, StringComparison.Ordinal))
            {
                steps[^1].Expected.Add(line[Expectation.Length..]);
            }
            else if (steps.Count == 0 || steps[^1].Expected.Count > 0)
            {
                steps.Add((line, []));
            }
            else
            {
                steps[^1] = (steps[^1].Command + "\n" + line, steps[^1].Expected);
            }
        }

        return steps;
    }

    private static async Task<string> ShellAsync(string command, string folder, string url)
    {
        ProcessStartInfo start = new("bash") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        start.Environment["KEY"] = RunningServer.AdminKey;
        start.Environment["ADMIN_KEY"] = RunningServer.AdminKey;
        start.Environment["READ_KEY"] = RunningServer.AdminKey;
        start.Environment["WEIR"] = url;
        using Process shell = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        Task<string> error = shell.StandardError.ReadToEndAsync();
        string output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.True(shell.ExitCode == 0, $"{command}{Environment.NewLine}ended with {shell.ExitCode}: {await error}");
        return output;
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Weir.slnx")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
