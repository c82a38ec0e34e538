using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Weir.Server.Tests;

/// <summary>The code of the guide is run as it is printed: three implementations that know nothing of ours.</summary>
public sealed class GuideSnippetTests
{
    [Theory(DisplayName = "HOOK-2: the guide's verification accepts what Weir signs, and nothing else")]
    [InlineData("python", "python3", "-c", "print(verify(*ARGS))", "[\"{0}\", \"{1}\", \"{2}\", \"{3}\", b\"{4}\"]", "ARGS = {0}")]
    [InlineData("js", "node", "-e", "console.log(verify(...ARGS) ? 'True' : 'False')", "[\"{0}\", \"{1}\", \"{2}\", \"{3}\", Buffer.from(\"{4}\")]", "const ARGS = {0}")]
    public async Task Snippets(string language, string program, string option, string call, string arguments, string assignment)
    {
        string guide = await File.ReadAllTextAsync(Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(WeirHost.CatalogPath("nexa.yaml")))!, "docs/guides/webhooks.md"));
        string start = $"```{language}\n";
        string code = guide[(guide.IndexOf(start, StringComparison.Ordinal) + start.Length)..];
        code = code[..code.IndexOf("```", StringComparison.Ordinal)];
        byte[] old = WebhookSignature.NewSecret();
        byte[] secret = WebhookSignature.NewSecret();
        string now = DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string stale = DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        const string body = "{'a':1}";
        string SignedBy(byte[][] secrets, string time) => WebhookSignature.Sign(secrets, "msg_1", time, Encoding.UTF8.GetBytes(body));

        foreach ((string time, string signatures, string content, string expected) in new[]
        {
            (now, SignedBy([secret], now), body, "True"),
            (now, SignedBy([secret, old], now), body, "True"),
            (now, SignedBy([old, secret], now), body, "True"),
            (now, SignedBy([old], now), body, "False"),
            (now, SignedBy([secret], now), "{'a':2}", "False"),
            (stale, SignedBy([secret], stale), body, "False"),
            (now, "v2," + SignedBy([secret], now)[3..], body, "False"),
        })
        {
            string given = string.Format(CultureInfo.InvariantCulture, arguments, WebhookSignature.TextOf(secret), "msg_1", time, signatures, content);
            string text = $"{code}\n{string.Format(CultureInfo.InvariantCulture, assignment, given)}\n{call}\n";
            Assert.Equal(expected, await RunAsync(program, option, text));
        }

        Assert.Equal(SHA256.HashSizeInBytes, secret.Length);
    }

    private static async Task<string> RunAsync(string program, string option, string text)
    {
        Process? process = null;
        try
        {
            process = Process.Start(new ProcessStartInfo(program, [option, text]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false });
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{program} is not on this machine.");
        }

        using (process)
        {
            Task<string> error = process!.StandardError.ReadToEndAsync();
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, await error);
            return output.Trim();
        }
    }
}
