// deno-lint-ignore-file no-window no-window-prefix -- A window is what this runs in.
/**
 * What a person at Thunderbird does, as functions inside its main window: buttons are pressed and fields are filled in;
 * each function waits until the window shows the outcome. Loaded into the window by thunderbird.ts.
 */
/* global MailServices, Services, Cc, Ci, ChromeUtils, window, document */
window.stagepost = (() => {
  const STEP_MS_MAX = 30_000;
  const LOOK_AGAIN_MS = 50;
  const tabmail = document.getElementById("tabmail");
  const pane = () => tabmail.currentAbout3Pane;
  const message = () => tabmail.currentAboutMessage;

  async function until(what, look) {
    const end = Date.now() + STEP_MS_MAX;
    for (;;) {
      let reason = "not yet";
      try {
        const value = look();
        if (value) return value;
      } catch (error) {
        reason = error; // Parts of the window come and go.
      }
      if (Date.now() > end) throw new Error(`${what}: not within ${STEP_MS_MAX} ms (${reason})`);
      await new Promise((resolve) => window.setTimeout(resolve, LOOK_AGAIN_MS));
    }
  }

  function account() {
    return MailServices.accounts.accounts.find(({ incomingServer }) => incomingServer.type === "imap");
  }

  function folderNamed(name) {
    const inbox = Ci.nsMsgFolderFlags.Inbox;
    const { rootFolder } = account().incomingServer;
    return name === "INBOX" ? rootFolder.getFolderWithFlags(inbox) : rootFolder.getChildNamed(name);
  }

  /** Subjects in the list, from the top. */
  function subjects() {
    const view = pane().gDBView;
    return Array.from({ length: view?.rowCount ?? 0 }, (_, row) => view.getMsgHdrAt(row).mime2DecodedSubject);
  }

  /** Resolves when what was done before stands on the screen. */
  function painted(shown) {
    return new Promise((resolve) => shown.requestAnimationFrame(() => shown.requestAnimationFrame(resolve)));
  }

  function fill(input, text) {
    input.value = text;
    input.dispatchEvent(new window.InputEvent("input", { bubbles: true, composed: true }));
  }

  const actions = {
    /** Trusts an authority, and has no name looked up but by the prefs. */
    trust(certificate) {
      Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(certificate, "C,,");
      ChromeUtils.importESModule("resource:///modules/DNS.sys.mjs").DNS.lookup = () => Promise.resolve([]);
    },

    /** Goes through the dialog for a new account; the pages that it showed. */
    async addAccount(name, address, password) {
      await window.openAccountHub("MAIL");
      const hub = (await until("the dialog", () => document.querySelector("account-hub-container"))).modal;
      const page = () => hub.querySelector(".account-hub-step:not([hidden])");
      const answers = {
        emailAutoConfigSubview: { realName: name, email: address },
        emailPasswordSubview: { password },
      };
      const pages = [];
      await until("the end of the dialog", () => {
        if (!hub.open) return true;
        const { id } = page();
        const forward = hub.querySelector("account-hub-footer #forward");
        if (id === pages.at(-1) || hub.querySelector(".account-hub-view.busy")) return false;
        for (const [field, text] of Object.entries(answers[id] ?? {})) fill(page().querySelector(`#${field}`), text);
        if (forward.hidden || forward.disabled) return false;
        pages.push(id);
        forward.click();
        return false;
      });
      return pages;
    },

    /** Opens a folder and waits until it lists so many messages; their subjects. */
    async openFolder(name, count) {
      pane().displayFolder((await until(name, () => folderNamed(name))).URI);
      return actions.listed(count);
    },

    /** Waits until the list has so many rows; their subjects. */
    async listed(count) {
      await until(`${count} messages`, () => subjects().length === count);
      return subjects();
    },

    /** Presses "Get Messages" and waits until the list has so many rows; their subjects. */
    getMessages(count) {
      pane().document.getElementById("folderPaneGetMessages").click();
      return actions.listed(count);
    },

    /** Selects a message and waits for its text, which is returned. */
    async read(subject) {
      pane().threadTree.selectedIndex = subjects().indexOf(subject);
      return await until(subject, () => {
        const { contentDocument } = message().getMessagePaneBrowser();
        return message().gMessage.mime2DecodedSubject === subject && contentDocument.readyState === "complete" &&
          contentDocument.querySelector(".moz-text-plain")?.textContent;
      });
    },

    /** Begins a reply to the selected message; its subject and recipients. */
    async beginReply(text) {
      message().document.getElementById("hdrReplyButton").click();
      const compose = await until("the compose window", () => {
        const found = Services.wm.getMostRecentWindow("msgcompose");
        return found?.composeEditorReady && found;
      });
      compose.GetCurrentEditor().insertText(text);
      await painted(compose);
      const recipients = [...compose.document.querySelectorAll("#toAddrContainer mail-address-pill")];
      return [
        compose.document.getElementById("msgSubject").value,
        ...recipients.map(({ emailAddress }) => emailAddress),
      ];
    },

    /** Sends what is being composed. */
    async send() {
      const compose = Services.wm.getMostRecentWindow("msgcompose");
      compose.document.getElementById("button-send").click();
      await until("the letter sent and filed", () => compose.closed);
    },

    /** Presses a button above the selected message and waits until it has left the list. */
    async press(button) {
      const { mime2DecodedSubject: subject } = message().gMessage;
      message().document.getElementById(button).click();
      await until(`${subject} gone`, () => !subjects().includes(subject));
    },

    async createFolder(name) {
      account().incomingServer.rootFolder.createSubfolder(name, null);
      await until(name, () => folderNamed(name));
    },

    /** Moves the selected message. */
    async moveTo(name) {
      const { mime2DecodedSubject: subject } = message().gMessage;
      pane().commandController.doCommand("cmd_moveMessage", folderNamed(name));
      await until(`${subject} gone`, () => !subjects().includes(subject));
    },

    /** Types into the quick filter and waits for a list of `count`; its subjects. */
    async filter(text, count) {
      pane().goDoCommand("cmd_showQuickFilterBar");
      const bar = await until("the quick filter", () => pane().document.getElementById("qfb-qs-textbox"));
      fill(bar.shadowRoot.querySelector("input"), text);
      return actions.listed(count);
    },

    /** Has the server search a folder's texts; subjects of what it found. */
    async searchOnServer(name, text) {
      const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
      session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folderNamed(name));
      const term = session.createTerm();
      [term.attrib, term.op] = [Ci.nsMsgSearchAttrib.Body, Ci.nsMsgSearchOp.Contains];
      const { value } = term;
      [value.attrib, value.str] = [term.attrib, text];
      term.value = value;
      session.appendTerm(term);
      const found = [];
      let done = false;
      const listener = {
        QueryInterface: ChromeUtils.generateQI(["nsIMsgSearchNotify"]),
        onNewSearch() {},
        onSearchHit: (header) => found.push(header.mime2DecodedSubject),
        onSearchDone: () => done = true,
      };
      session.registerListener(listener);
      session.search(window.msgWindow);
      await until("the server's answer", () => done);
      return found;
    },
  };
  return actions;
})();
